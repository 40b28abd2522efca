"""Conversations to search when no file is given: things said once among small talk, and questions about them."""

import random
from typing import Any

#: What somebody says once, and how it is asked for later.
_SAID = (
    (
        "I finally adopted a puppy from the shelter, we named her Biscuit.",
        "Which pet did {a} take in?|What is the name of {a}'s dog?",
    ),
    (
        "The pottery workshop on Saturday was great, I made two mugs and a bowl.",
        "What did {a} make at the pottery class?",
    ),
    ("My sister moved to Lisbon in March for a job at a bank.", "Where did {a}'s sister move?|Who works at a bank?"),
    (
        "I ran the charity race last weekend, five kilometres in the rain.",
        "When did {a} run for charity?|How long was the race {a} ran?",
    ),
    ("I'm allergic to peanuts, so no satay sauce for me.", "What allergy does {a} have?"),
    ("We're painting the nursery light green before the baby comes.", "What colour is {a} painting the nursery?"),
    ("I quit the gym and started swimming every Tuesday morning.", "What sport did {a} begin instead of the gym?"),
    ("My laptop broke again, the screen flickers when I open it.", "What is wrong with {a}'s computer screen?"),
    ("I read The Name of the Rose over the holidays and loved it.", "Which book did {a} read on holiday?"),
    ("Mum's surgery went well, she comes home from hospital on Friday.", "How was the surgery of {a}'s mother?"),
    ("I've been learning the cello since September, my fingers hurt.", "Which instrument is {a} learning?"),
    ("We booked a cabin near the lake for our anniversary.", "Where will {a} celebrate the anniversary?"),
    (
        "I got promoted to head nurse, more nights but better pay.",
        "What is {a}'s new position?|Did {a} get a promotion?",
    ),
    ("The order with the blue kettle arrived broken, handle snapped off.", "What was broken when {a}'s order arrived?"),
    ("I planted tomatoes and basil on the balcony this spring.", "What does {a} grow on the balcony?"),
    ("My grandfather taught me to play chess when I was six.", "Who taught {a} chess?"),
    ("I'm writing my thesis about river pollution, the deadline is in June.", "What is {a}'s thesis about?"),
    ("We watched the meteor shower from the roof until three.", "What did {a} watch from the roof?"),
    ("I cook ramen on Sundays now, the broth takes eight hours.", "What does {a} cook on Sunday?"),
    ("I sold my motorbike to pay for the wedding photographer.", "Why did {a} sell the motorbike?"),
    (
        "My passport expires in August, I must renew it before Peru.",
        "Where is {a} travelling that needs a new passport?",
    ),
    (
        "The kids picked dinosaurs as the theme for the birthday party.",
        "What theme did the children choose for the party?",
    ),
    ("I volunteer at the food bank on Thursdays, we packed ninety boxes.", "Where does {a} volunteer?"),
    ("My therapist suggested keeping a diary, and it helps me sleep.", "What did the therapist advise {a} to keep?"),
)
_CHATTER = (
    "Hey {b}, good to hear from you! How have you been?",
    "That's wonderful, {b}! I'm so happy for you.",
    "Wow, {b}, that sounds amazing. Tell me more!",
    "Thanks, {b}. It means a lot to me.",
    "I know what you mean, {b}, life has been busy with {x}.",
    "Have you ever thought about {x}, {b}?",
    "I saw something about {x} the other day and thought of you.",
    "Really? I never liked {x} much, but my neighbour does.",
    "Let's catch up about {x} next week, {b}.",
    "What do you think about {x}?",
    "Oh no, I'm sorry to hear that, {b}. Take care of yourself.",
    "Yeah, {x} can be hard sometimes. Keep going!",
)
_TOPICS = (
    "the dog", "a race", "swimming", "the hospital", "painting", "the birthday party", "a new job", "the bank",
    "books", "the lake", "an order", "chess", "the balcony", "cooking", "the wedding", "a passport", "sleep",
    "music", "the rain", "pottery", "the holidays", "my sister", "the gym", "a computer", "volunteering",
    "the baby", "pay", "Peru", "June", "",
)  # fmt: skip
_NAMES = ("Ana", "Boris", "Chloe", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas")


def talks(accounts: int = 4, *, lines: int = 250, seed: int = 7) -> dict[str, Any]:
    """Conversations of two people each, ``{account: {documents: [{id, text}], questions: [{text, evidence}]}}``."""
    chance = random.Random(seed)
    return {f"talk-{number}": _talk(chance, lines) for number in range(accounts)}


def _talk(chance: random.Random, lines: int) -> dict[str, Any]:
    pair = chance.sample(_NAMES, 2)
    said = [(*chance.sample(pair, 2), text, questions) for text, questions in _SAID]
    told = [(a, text.format(b=b), [q.format(a=a) for q in questions.split("|")]) for a, b, text, questions in said]
    while len(told) < lines:
        a, b = chance.sample(pair, 2)
        told.append((a, chance.choice(_CHATTER).format(b=b, x=chance.choice(_TOPICS)), []))
    chance.shuffle(told)
    return {
        "documents": [{"id": f"D{n}", "text": f"{a}: {text}"} for n, (a, text, _) in enumerate(told)],
        "questions": [{"text": q, "evidence": [f"D{n}"]} for n, (_, _, asked) in enumerate(told) for q in asked],
    }
