"""The people of the demo: who works at Farola, for whom, in which team and place."""

import unicodedata
from dataclasses import dataclass
from functools import cache

from app.core.actor import Role
from app.organization import ParticipationMode

DOMAIN = "farola.example"
PLACES = {"V": "Valencia", "L": "Lisbon", "R": "Rotterdam"}
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ł": "l", "ı": "i", "đ": "d", "'": "", " ": "."})

# Name, job title, place, and what is special. Indented under their manager; a team's first line names whom its head reports to.
# joins and leaves are hundredths of the story. First names are distinct but for the two Martas, whom Slack has to ask about.
_TEAMS = {
    "Quarterdeck": """
Lucía Ferrer, Founder and CEO, V, owner
  Henrik Lindqvist, Chief Technology Officer, V, giver
  Adaeze Okonkwo, Chief Operating Officer, L
  Marguerite Dubois, Chief Financial Officer, V, giver finance
    Paolo Marchetti, Financial Controller, V, finance
    Anjali Deshpande, Accountant, V, finance unsung
    Sven Bakker, Deal Desk Manager, R, pricing
    Ruth Adler, Pricing Analyst, V, pricing unsung
  Beatriz Carvalho, Head of People, L, admin
    Noor El-Amin, People Operations Manager, V, admin
    Callum Fraser, Talent Partner, V
    Yumi Takahashi, Learning Partner, L
    Irene Castaño, Office Manager, V
    Fabio Nunes, Office Manager, L
  Renske de Groot, Internal Auditor, R, auditor
  Gustavo Peralta, Legal Counsel, V, unsung
""",
    "Platform < Henrik Lindqvist": """
Ingrid Solberg, Head of Platform, V
  Mateusz Wiśniewski, Staff Engineer, V, generous
    Chiara Romano, Backend Engineer, V
    Emeka Nwosu, Backend Engineer, L
    Lotte Visser, Backend Engineer, R
    Haruki Mori, Backend Engineer, V, joins=22
  Priya Raman, Site Reliability Lead, V
    Dmitri Volkov, Site Reliability Engineer, V
    Xiomara Reyes, Site Reliability Engineer, L
    Jonas Weber, Site Reliability Engineer, R
  Salma Haddad, Security Engineer, V
  Tiago Pinto, Database Engineer, L
  Wen Li, Developer Experience Engineer, V
  Oskar Nilsson, Engineering Intern, V, receiver hired
""",
    "Berths < Henrik Lindqvist": """
Camille Laurent, Head of Berths, L
  Rui Almeida, Engineering Manager, L
    Nadia Petrova, Frontend Engineer, L
    Ikaika Kealoha, Frontend Engineer, L
    Sofía Navarro, Frontend Engineer, V
    Bogdan Ionescu, Mobile Engineer, L
    Leila Farahani, Mobile Engineer, L, joins=35
  Hannah Goldberg, Engineering Manager, V
    Vikram Iyer, Full-stack Engineer, V
    Jitka Nováková, Full-stack Engineer, V
    Álvaro Quintero, Full-stack Engineer, V
    Thandiwe Dlamini, Quality Engineer, V
    Mehmet Yıldız, Quality Engineer, R
  Ailsa MacLeod, Product Manager, L
  Joaquín Herrera, Product Manager, V
""",
    "Tides < Henrik Lindqvist": """
Farid Rahimi, Head of Tides, R
  Astrid Johansen, Data Science Lead, R
    Kwame Asante, Data Scientist, R
    Mei Chen, Data Scientist, V
    Pablo Montero, Data Scientist, V, leaves=83
    Sanna Korhonen, Oceanographer, R
  Dieter Hoffmann, Data Engineer, R
  Rania Khoury, Data Engineer, L
  Lucas Moreau, Analytics Engineer, V
  Ximena Torres, Forecast Analyst, V, joins=48
  Bram van Dijk, Sensor Data Analyst, R
""",
    "Design < Lucía Ferrer": """
Élodie Martin, Head of Design, V
  Ana Ferreira, Product Designer, L, member
  Takumi Sato, Product Designer, V
  Olumide Adeyemi, Interaction Designer, L
  Freya Andersen, User Researcher, R
  Giulia Conti, Product Writer, V, generous
  Saoirse Byrne, Brand Designer, L
  Valentina Rojas, Service Designer, V
  Nikos Papadakis, Illustrator on contract, L, observer
""",
    "Field Crew < Adaeze Okonkwo": """
Rodrigo Serrano, Head of Field Crew, V
  Femke Jansen, Regional Lead North, R
    Pieter Smit, Marine Electrician, R
    Kofi Mensah, Sensor Technician, R, member
    Jelle de Wit, Commercial Diver, R
    Agnieszka Kowalska, Installation Planner, R
    Lars Eriksen, Marine Electrician, R
  Amadou Diallo, Regional Lead Atlantic, L, generous
    Inês Rocha, Sensor Technician, L
    Davi Moreira, Marine Electrician, L
    Catarina Lopes, Installation Planner, L
    Youssef Benali, Sensor Technician, L
    Tomás Figueira, Commercial Diver, L, joins=61
  Carmen Ortega, Regional Lead Mediterranean, V
    Xavier Puig, Sensor Technician, V
    Giorgos Nikolaidis, Marine Electrician, V
    Rafael Soler, Boat Handler, V
    Amina Touré, Installation Planner, V
    Sergio Blasco, Sensor Technician, V
    Hugo Lemaire, Apprentice, V, receiver
""",
    "Harbour Care < Adaeze Okonkwo": """
Miriam Cohen, Head of Harbour Care, L, generous
  Diego Fuentes, Support Lead, V
    Aoife Kelly, Support Specialist, V
    Bilal Hussain, Support Specialist, V
    Elena Popescu, Support Specialist, V
    Kenji Yamamoto, Support Specialist, V
    Marta Ribas, Support Specialist, V
    Samuel Osei, Support Specialist, V, joins=70
  Patrícia Gomes, Support Lead, L
    Andrius Kazlauskas, Support Specialist, L
    Chloé Bernard, Support Specialist, L
    Hassan Mahmoud, Support Specialist, L
    Isabela Duarte, Support Specialist, L
    Luca Ferri, Support Specialist, L, leaves=32
    Darya Sokolova, Knowledge Base Editor, L
  Willem Kuiper, Onboarding Lead, R
    Grace Wanjiru, Onboarding Specialist, R
    Nuno Teixeira, Onboarding Specialist, L
    Soraya Amiri, Onboarding Specialist, R, joins=97 invited
""",
    "Sales < Lucía Ferrer": """
Alessandro Greco, Head of Sales, V
  Birgit Schneider, Sales Lead North, R
    Cedric Okafor, Account Executive, R
    Johanna Mäkinen, Account Executive, R
    Maarten Bos, Account Executive, R, joins=98 invited
  Esteban Vargas, Sales Lead South, V
    Fatima Idrissi, Account Executive, V
    Gonçalo Matos, Account Executive, L
    Helena Prats, Account Executive, V
    Ivan Dimitrov, Sales Engineer, V
  Juliette Caron, Head of Marketing, V
    Kavita Menon, Content Marketer, V, generous
    Leandro Silveira, Events Manager, L
    Marta Quiroga, Marketing Analyst, V
    Nils Bergström, Growth Marketer, R, leaves=63
    Olivia Grant, Community Manager, L, joins=12
  Quentin Faure, Partner Manager, L
""",
}
_ROLES = {role.value.lower(): role for role in (Role.OWNER, Role.ADMIN, Role.AUDITOR)}
_MODES = {mode.value.lower(): mode for mode in (ParticipationMode.GIVER, ParticipationMode.RECEIVER, ParticipationMode.OBSERVER)}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at Farola, before any database knows of it."""

    name: str
    email: str
    """first.last@farola.example, in plain letters."""
    job_title: str
    team: str
    place: str
    manager: str | None
    """The manager's e-mail address."""
    role: Role
    mode: ParticipationMode
    joins: float | None
    """Which part of the story has passed by then; None: was there before it began."""
    leaves: float | None
    marks: frozenset[str]

    @property
    def first_name(self) -> str:
        """How colleagues call this person."""
        return self.name.split()[0]

    @property
    def is_demo_member(self) -> bool:
        """One of the two whose tokens stand in demo.json: gives sparingly, so that something is always left."""
        return "member" in self.marks


@cache
def cast() -> tuple[Person, ...]:
    """Everyone, managers before those who report to them."""
    people: list[Person] = []
    for heading, outline in _TEAMS.items():
        team, _, head = heading.partition(" < ")
        above = [email_of(head) if head else None]
        for line in outline.strip().splitlines():
            depth = (len(line) - len(line.lstrip())) // 2
            person = _person(line.strip(), team, above[depth])
            above[depth + 1 :] = [person.email]
            people.append(person)
    assert len({person.email for person in people}) == len(people), "everyone has an address of their own"
    return tuple(people)


def email_of(name: str) -> str:
    """The address of a name, without accents."""
    letters = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return f"{letters.encode('ascii', 'ignore').decode()}@{DOMAIN}"


def teams() -> list[str]:
    """Names of the teams."""
    return [heading.partition(" < ")[0] for heading in _TEAMS]


def marked(mark: str) -> list[Person]:
    """Those with this mark, in the order of the outline."""
    return [person for person in cast() if mark in person.marks]


def managers() -> list[Person]:
    """Those to whom someone reports."""
    above = {person.manager for person in cast()}
    return [person for person in cast() if person.email in above]


def _person(line: str, team: str, manager: str | None) -> Person:
    name, job_title, place, *special = line.split(", ")
    words = special[0].split() if special else []
    times = {word.partition("=")[0]: int(word.partition("=")[2]) / 100 for word in words if "=" in word}
    return Person(
        name,
        email_of(name),
        job_title,
        team,
        PLACES[place],
        manager,
        next((_ROLES[word] for word in words if word in _ROLES), Role.MEMBER),
        next((_MODES[word] for word in words if word in _MODES), ParticipationMode.NORMAL),
        times.get("joins"),
        times.get("leaves"),
        frozenset(word for word in words if "=" not in word),
    )
