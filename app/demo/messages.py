"""What people at Farola say to each other when they give thanks."""

import random
import re
from collections.abc import Sequence

# By the team of whoever is thanked. {name} is one person or several, so sentences speak to "you".
ABOUT_WORK = {
    "Quarterdeck": (
        "{name}, payroll was right to the cent, on the first try with the new provider. Nobody noticed: perfect. #seaworthy",
        "Thank you {name} for explaining the new travel policy in words that a human being can follow. #plainwords",
        "The onboarding week you put together, {name}, is the best I have seen. Everyone felt at home by Tuesday. #teamwork",
        "{name}, you found us a meeting room with a view of the water AND a working projector. Sorcery. 🪄",
        "You read the whole {harbour} contract over the weekend so that we could sign on Monday, {name}! #everyharbour",
        "The offsite ran like clockwork, vegetarian paella included. {name}, you thought of everything. #teamwork 🥘",
        "{name}, thank you for the straight answer on the budget. A clear no is worth more than a foggy maybe. #plainwords",
        "That interview training changed how I listen. Thank you, {name}. #lighton",
        "Three offers out, three accepted. {name}, you make people want to work here. 🎉",
        "{name}, you sorted out my parental leave in ten minutes and congratulated me in eleven. #teamwork",
    ),
    "Platform": (
        "{name} got {feature} back within twelve minutes at two in the morning, then wrote up how to prevent it. #seaworthy",
        "A migration without a second of downtime. {name}, I watched the graphs with my tea and nothing moved. ☕ #seaworthy",
        "Builds went from eighteen minutes to six. {name}, you gave every one of us an hour a day back. 🚀",
        "Thank you, {name}, for pairing with me on the queue until I really understood it. #lighton",
        "{name}, your review caught a time zone bug that would have moved every booking in {harbour} by an hour. #seaworthy",
        "You deleted four thousand lines and {feature} got faster. My favourite kind of pull request, {name}. ✂️",
        "The runbook you wrote saved me during my first on-call week, {name}. Step 4 is poetry. #lighton",
        "{name} noticed the certificate for {harbour} two weeks before it would have run out. Quiet, boring, perfect. #seaworthy",
        "Proposing to drop the old gateway took courage. You were right, {name}. #boldcourse",
        "{name}, thank you for saying out loud that the estimate was fiction. The new plan is one we can keep. #plainwords",
        "Restored a backup on a Tuesday just to prove that we can. {name}, I sleep better now. 😴 #seaworthy",
    ),
    "Berths": (
        "The rebuilt screens are a joy. The harbour master in {harbour} needed no lesson at all. {name} 👏 #everyharbour",
        "{name} turned a vague wish from {harbour} into three small stories that we could ship in a week. #boldcourse",
        "Thank you, {name}, for making {feature} work with a keyboard alone. It matters to many people. #everyharbour",
        "{name}, the offline mode held through a whole night without signal. {harbour} never lost a booking. #seaworthy",
        "Cutting the berth dialog from nine fields to three: {name}, simple is hard, and you did it. #plainwords",
        "You stayed on the call with {harbour} until the last boat was in the list, {name}. #everyharbour ⚓",
        "The tests for {feature} are a lighthouse, {name}. I changed half the code and knew where the rocks were. #seaworthy",
        "{name} found the bug that only appears on the last Sunday of October. Legend. 🕐",
        "{name}, thanks for showing us the prototype while it was still ugly. The feedback changed everything. #boldcourse",
        "The release is out, on time, and the notes are readable. Thank you {name}! #releaseday 🎉",
        "The map loads in under a second on my six-year-old phone. {name}, how?! 🤯",
    ),
    "Tides": (
        "The surge forecast for {harbour} was off by four centimetres. Four! {name}, the pilots talk about you. #seaworthy",
        "{name}, your chart made the whole argument about {feature} unnecessary. #plainwords",
        "Thank you, {name}, for the lunch talk on tide models. I finally know what a spring tide is. 🌕 #lighton",
        "{name} cleaned six years of sensor data from {harbour} by hand where the script could not. #seaworthy",
        "You told {harbour} honestly how uncertain the forecast is, {name}, and they trust us more for it. #plainwords",
        "Replacing the nightly job with a stream was a bet. It paid off, {name}. #boldcourse",
        "{name}, thanks for answering my SQL question with a drawing. I have it on my wall now. #lighton",
        "The wave model warned {harbour} nine hours before the swell came. Boats moved because of you, {name}. 🌊 #everyharbour",
        "{name} explained confidence intervals to Sales without one formula, and they asked for more. 😄 #lighton",
    ),
    "Design": (
        "{name}, you watched eleven harbour masters use {feature} and brought back the one change that mattered. #everyharbour",
        "The new icons can be read at arm's length in full sun. {name}, you tested them on an actual quay! ☀️ #seaworthy",
        "Thank you, {name}, for the words on the error page. Nobody has called support about it since. #plainwords",
        "{name} threw away a finished design because the second idea was better. That takes nerve. #boldcourse",
        "Your workshop made engineers draw, {name}. Engineers! With crayons! 🖍️ #lighton",
        "The colour-blind palette for {feature} is beautiful and it works. Thank you {name}. #everyharbour",
        "{name}, the storyboard you made for {harbour} won the room in two minutes. 🎨",
        "You named the buttons the way sailors speak, {name}. {harbour} noticed at once. #everyharbour",
        "{name}, thanks for the kind and merciless critique. The page is twice as good. #plainwords",
    ),
    "Field Crew": (
        "{name} replaced the {kit} in {harbour} in the rain, at low tide, at five in the morning. Readings by six! #seaworthy 🌧️",
        "The whole {harbour} installation in two days instead of four, and tidier than the drawing. Thank you {name}! #seaworthy",
        "{name}, you taught the port staff in {harbour} to swap the {kit} themselves. They call you professor now. #lighton",
        "Thank you, {name}, for stopping the job when the wind came up. No sensor is worth a finger. #teamwork",
        "{name} drove two hundred kilometres with a spare {kit} so that {harbour} would not be blind all weekend. #everyharbour",
        "Your photos of every cable run saved us a second trip to {harbour}, {name}. 📸 #lighton",
        "{name} found out why the {kit} kept failing: a crab had moved in. It has been rehomed. 🦀",
        "New mounting bracket, designed on a napkin, holding since March. {name}, you are a genius. #boldcourse",
        "{name}, thanks for covering my shift when the little one was ill. I will not forget it. #teamwork",
        "Zero incidents this quarter. {name}, your toolbox talks are the reason. #teamwork",
        "{name} dived twice to free the anchor chain in {harbour}, and joked about the temperature. 🥶 #seaworthy",
    ),
    "Harbour Care": (
        "{name}, you stayed on the phone with {harbour} through the whole storm. They say thank you. So do I. #everyharbour",
        "From two hundred open tickets to forty in a week. {name}, take a bow. 👏",
        "{name} wrote the help page that answers what people really ask about {feature}. #plainwords",
        "Thank you, {name}, for turning an angry mail from {harbour} into an invitation to lunch. #everyharbour 🍽️",
        "{name} noticed that three harbours had the same odd problem and brought us the pattern, not just the tickets. #lighton",
        "You sat beside me for all my first week of calls, {name}. I learned more than in any course. #teamwork",
        "{name} apologised to {harbour} before they had even noticed, with a fix attached. #plainwords",
        "Onboarding {harbour} took nine days. The record was fourteen. {name}! 🏆 #everyharbour",
        "{name}, thank you for swapping the bank holiday with me. My grandmother sends you cake. 🍰 #teamwork",
        "The bug report from {name} had steps, screenshots and a guess, and the guess was right. #seaworthy",
    ),
    "Sales": (
        "{harbour} signed! {name}, two years of patience and not one promise that we cannot keep. #plainwords 🎉",
        "{name} told the prospect that a competitor would suit them better. They came back with a bigger project. #plainwords",
        "Thank you, {name}, for bringing an engineer along to {harbour} and letting the engineer talk. #lighton",
        "The stand at the boat show was packed all day. {name}, you built that from three crates and a flag. ⛵ #boldcourse",
        "{name}, the customer story about {harbour} made my mother understand what I do. #plainwords",
        "You handed the lead to the Lisbon team because they were closer. Good sailing, {name}. #teamwork",
        "{name} translated the whole demo into Dutch overnight for {harbour}. #everyharbour",
        "The newsletter has more readers than subscribers now. How, {name}? 📬",
        "{name}, your notes from the {harbour} visit are so good that I feel I was there, seagulls included. #lighton",
        "First deal in a new country! {name}, you went where there was no chart. #boldcourse 🗺️",
    ),
}

ANYONE = (
    "{name}, thank you for asking the question that everybody had and nobody asked. #plainwords",
    "Thank you {name} for helping me with {feature} although your own week was full. #teamwork",
    "{name}, you always credit the people who did the work. It is contagious. #teamwork",
    "The handover you wrote, {name}, is the first one I did not have to ask anything about. #lighton",
    "{name} made a newcomer feel welcome before the first coffee. ☕ #teamwork",
    "Tough meeting, calm voice. Thank you, {name}. #plainwords",
    "{name} took the notes, sent the notes, and did the thing in the notes. 📝",
    "You noticed that I was drowning and threw a line without being asked, {name}. #teamwork 🛟",
    "Thank you, {name}, for the feedback on my talk. The second half would have sunk without you. #lighton",
    "{name}, the way you handled the {harbour} escalation was a lesson in staying kind under pressure. #everyharbour",
    "For fixing it properly rather than quickly, {name}. #seaworthy",
    "{name}, thank you for admitting the mistake within the minute. It cost us nothing because of that. #plainwords",
    "You said let's just try it, {name}, and now it is how everybody works. #boldcourse",
    "{name} stayed late for {harbour}, then sent everyone else home on time. #teamwork",
    "¡Mil gracias, {name}! Sin ti la entrega de {harbour} no sale a tiempo. #everyharbour",
    "Obrigado, {name}! O teu apoio em {harbour} fez toda a diferença. #teamwork",
    "Dank je wel, {name}. Zonder jou was {harbour} nu nog bezig. #everyharbour",
    "Merci {name}, quelle patience avec mes mille questions sur {harbour} ! #lighton",
    "{name}, I used your checklist for {harbour} and nothing went wrong. Nothing! #lighton ✅",
    "Three teams, one plan, no drama. {name}, thank you for steering. #teamwork 🧭",
)

SMALL_THANKS = (
    "Thank you for the quick look, {name}! 🙏",
    "{name}, thanks for holding the fort while I was at the dentist.",
    "Just wanted to say: good to work with you, {name}. 💛",
    "Thanks for the croissants, {name}! 🥐",
    "{name}, thanks for the honest opinion this morning.",
    "Cheers for the lift to the harbour, {name}. 🚗",
    "Thanks, {name}, for finding my laptop charger. Again.",
    "Happy anniversary at Farola, {name}! 🎂",
    "Welcome aboard, {name}! It already feels as if you had always been here. ⚓",
    "{name}, thank you for the laugh in the stand-up. I needed it. 😂",
    "Gracias, {name}. Tú sabes por qué. 😉",
    "Thanks for watering my plants, {name}. They look better than before I left. 🌱",
)

TO_A_GROUP = (
    "What a quarter! Thank you, {name}, all of you. #teamwork",
    "{name}: the storm weekend showed what this crew is made of. Not one harbour went dark. 🌊 #seaworthy",
    "Everyone in {name} lent a hand with the office move. Pizza is on me. 🍕 #teamwork",
    "To all of {name}: {harbour} has renewed for three years, and it is your doing. #everyharbour",
    "Release day without a single rollback. Thank you, {name}! #releaseday 🚀",
    "{name}, you welcomed five new people this season, and each of them told me how warm it was. #teamwork",
    "The open day was full to the last chair. Thank you {name} for showing what we do. 🎉 #lighton",
    "A year ago this was a sketch on a sail. Look at it now. Thank you, {name}. #boldcourse",
)

IN_PRIVATE = (
    "{name}, thank you for listening last week. It meant more than I could say in the office. #teamwork",
    "You covered for me during a hard month and never made it feel like a favour. Thank you, {name}.",
    "{name}, I know how much that decision cost you. You did the right thing. #plainwords",
    "Thank you for telling me in private, and kindly. I will do better, {name}. #plainwords",
    "I put your name forward for the lead role, {name}, and I want you to know why: people follow you gladly.",
    "{name}, I saw how you stepped back so that others could shine. I saw it. #teamwork",
    "You were right about {harbour}, {name}, and you never said so afterwards. Thank you for that grace.",
    "{name}, your message on the day of the funeral was the kindest thing. Thank you.",
    "{name}, thank you for being so patient while I was learning. I was slower than I hoped, and you never showed it. #lighton",
)

ASIDES = (
    "I owe you one.",
    "Lunch is on me. 🥪",
    "More of this, please!",
    "I have told everyone.",
    "It made my week.",
    "Let us do it again.",
    "That is how I want to work.",
    "Next time I will know how.",
    "Have a good weekend, you have earned it.",
    "The customer noticed, too.",
    "Just wow.",
    "Small thing for you, big thing for me.",
)
ASIDE_CHANCE = 0.22

COMMENTS = (
    "Well deserved!",
    "So true. 👏",
    "Thank you, that made my day! 😊",
    "Could not agree more.",
    "It was a team effort, but thank you!",
    "I was there. It was even better than it sounds.",
    "Hear, hear! ⚓",
    "Still smiling about this.",
    "And with such calm, too.",
    "Thank you! The next coffee is on me. ☕",
    "You left out the part with the seagull. 😂",
    "Bravo!",
    "¡Enhorabuena!",
    "Que orgulho! 👏",
    "Top gedaan!",
    "I learned so much from watching this.",
    "This is what good work looks like.",
    "Glad it helped!",
    "Legend.",
    "Can you show us how at the next lunch talk?",
    "Happy to help, any time.",
    "The whole team says thank you.",
    "Blushing. 😊",
    "That saved our week.",
    "Please teach me.",
)

EMOJI = ("👏", "❤️", "🎉", "🙌", "🚀", "💯", "⚓", "🌊", "😂", "🔥", "💡", "🤝")

_SLOTS = {
    "harbour": (
        "Sines",
        "Cádiz",
        "Vigo",
        "Zeebrugge",
        "Aarhus",
        "Gijón",
        "Setúbal",
        "Dénia",
        "La Rochelle",
        "Harlingen",
        "Peniche",
        "Almería",
        "Stavanger",
        "Livorno",
        "Palma",
        "Cuxhaven",
        "Brest",
        "Figueira da Foz",
        "Den Helder",
        "Sète",
        "Gdynia",
        "Kalamata",
    ),
    "feature": (
        "berth booking",
        "the tide widget",
        "the harbour map",
        "night mode",
        "invoicing",
        "the pilot roster",
        "the arrivals board",
        "the storm alert",
        "crane planning",
        "the visitor app",
        "fuel dock payments",
        "the winter storage module",
    ),
    "kit": (
        "tide gauge",
        "wave buoy",
        "anemometer",
        "gate sensor",
        "solar mast",
        "radar unit",
        "water quality probe",
        "junction box",
    ),
}
_SLOT = re.compile(r"\{(\w+)\}")


def said(chance: random.Random, sentence: str, names: Sequence[str]) -> str:
    """The sentence, said to these people, with the rest of its slots filled."""

    def fill(slot: re.Match[str]) -> str:
        return together(names) if slot[1] == "name" else chance.choice(_SLOTS[slot[1]])

    text = _SLOT.sub(fill, sentence)
    return text[0].upper() + text[1:]


def together(names: Sequence[str]) -> str:
    """Ana, Ana and Kofi, or Ana, Kofi and Mei."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def with_aside(chance: random.Random, message: str) -> str:
    """Now and then something is added, before the hashtags."""
    if chance.random() > ASIDE_CHANCE:
        return message
    words, mark, tags = message.partition(" #")
    return f"{words} {chance.choice(ASIDES)}{mark}{tags}"
