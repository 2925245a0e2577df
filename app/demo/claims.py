"""Who claims what at Farola, and what becomes of it: a year of redemptions, told in advance."""

from dataclasses import dataclass
from functools import cache

from app.reward import Verb

# Days ago, what is claimed (by whom, if it matters) and the note, then step by step: days ago, what is done, and the words.
# "return" is a refund of something that goes back on the shelf. Vouchers and what has no step yet go on by themselves.
_CLAIMS = """
345 coffee | 337 fulfil
331 seagrass For the bay behind my parents' house. | 329 fulfil
316 seagrass | 314 fulfil
309 coffee | 301 fulfil
300 plant | 299 approve | 293 fulfil It stands on your window sill. Water it on Mondays!
288 seagrass | 286 fulfil
281 plant | 279 reject All the basil that we had has been eaten. New pots come in a month.
274 coffee Can we talk about Rotterdam? | 266 fulfil
267 bookshop
260 plant | 258 approve | 251 fulfil
252 mug | 250 approve | 244 fulfil
246 seagrass | 245 fulfil
238 bookshop
230 mug The first one went overboard. | 229 approve | 224 fulfil
225 mug | 223 cancel
218 bookshop
211 afternoon The Friday of my daughter's concert, please. | 210 approve Of course. Clap for us! | 204 fulfil
207 seagrass | 205 fulfil
203 mug | 202 approve | 197 fulfil | 188 refund The handle came off on the second day. The maker takes it back.
196 coffee | 189 fulfil
190 plant For the kitchen, so that everyone has some. | 188 approve | 183 fulfil
182 multitool | 181 approve | 168 fulfil
176 bookshop
171 seagrass | 170 fulfil
165 afternoon | 163 approve | 155 fulfil
158 wish A tuner for my guitar, 28 euros at the shop on the corner. | 157 approve | 150 fulfil Play it at the next party!
150 bookshop@Kofi
147 coffee | 140 fulfil
140 bookshop@Ana
134 multitool | 133 approve | 121 fulfil
128 wish A drone for our holidays. | 126 reject We like it, but a drone costs ten times that much.
120 afternoon | 119 approve | 112 fulfil
113 seagrass In memory of Captain Teresa. | 112 fulfil Two square metres: the second one is from us.
106 bookshop
99 mug | 97 approve | 92 fulfil
94 afternoon | 93 cancel
86 wish Running socks, the good ones. | 85 approve | 78 fulfil
80 raincoat Size M, please. | 79 approve | 71 fulfil | 60 return Two sizes too large, and the right one is not to be had.
74 seagrass | 73 fulfil
68 mug | 67 approve | 64 fulfil The last one. It has your name on it.
61 coffee | 52 fulfil
55 multitool | 54 approve | 42 fulfil
49 raincoat Size S | 48 approve | 40 fulfil
44 bookshop
38 afternoon | 37 approve | 30 fulfil
33 seagrass | 32 fulfil
27 wish A year of the chess magazine. | 26 approve | 19 fulfil
23 raincoat L. I promise to wear it to the office. | 22 approve | 14 fulfil
18 bookshop
15 seagrass | 13 fulfil
13 afternoon The last Friday of the month, please. | 11 reject Too many of us are away that day. Any Friday after it is yours.
12 multitool@Kofi Kofi, with a K at both ends if there is room. | 8 approve Ordered. The engraver needs two weeks.
11 raincoat Size XL | 7 approve
9 wish A folding stool for long days on the quay, 29 euros.
7 seagrass | 6 fulfil
7 afternoon Any Friday, once the release is out.
5 coffee I have an idea about the ferries.
5 raincoat Size M
4 wish Strings for the office guitar. | 1 approve
3 afternoon@Ana The Friday before the long weekend, if the release is out.
1 wish A proper kite. It is windy enough.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done about a claim."""

    days_ago: int
    verb: Verb
    words: str | None
    restock: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A redemption that somebody is going to ask for."""

    days_ago: int
    item: str
    """The key of what is claimed."""
    first_name: str | None
    """Who claims it; None: whoever can afford it."""
    note: str | None
    steps: tuple[Step, ...]


@cache
def claims() -> tuple[Claim, ...]:
    """All of them, in the order of their days."""
    return tuple(map(_claim, _CLAIMS.strip().splitlines()))


def _claim(line: str) -> Claim:
    first, *steps = line.split(" | ")
    days_ago, what, note = _words(first)
    item, _, first_name = what.partition("@")
    return Claim(days_ago, item, first_name or None, note, tuple(map(_step, steps)))


def _step(text: str) -> Step:
    days_ago, verb, words = _words(text)
    return Step(days_ago, Verb.REFUND if verb == "return" else Verb(verb), words, restock=verb == "return")


def _words(text: str) -> tuple[int, str, str | None]:
    days_ago, what, *words = text.split(" ", 2)
    return int(days_ago), what, words[0] if words else None
