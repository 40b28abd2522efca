"""What the offline model can do about each intent."""

from collections.abc import Mapping

from agents.offline.skills import changes, memory, orders, products, talk
from agents.offline.steps import Skill

SKILLS: Mapping[str, Skill] = {**talk.SKILLS, **memory.SKILLS, **orders.SKILLS, **changes.SKILLS, **products.SKILLS}
