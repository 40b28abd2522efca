"""A small shop of our own to try the site with: customers, orders, products, help articles and one of the staff."""

from pathlib import Path

from langgraph.store.base import PutOp

from agents import namespaces
from agents.attribution import attributed
from support_site.accounts.models import Account, User
from support_site.memory.stores import site_store
from support_site.orders.loading import bring_to_chroma, load_file
from support_site.orders.sign_ins import make_user

HERE = Path(__file__).parent
SHOP_FILE = HERE / "demo_shop.json"
HELP_FOLDER = HERE / "demo_help"

PASSWORD = "demo-password"  # made by this command only, and printed by it
CUSTOMERS = {"alice@example.com": "alice_moreau_1024", "bob@example.com": "bob_tanaka_2048"}
STAFF = ("sam@example.com", "Sam Okafor")
SIGN_INS = {
    "alice@example.com": "customer with orders in every status",
    "bob@example.com": "customer who pays by gift card",
    "sam@example.com": "staff: the admin is at /admin/",
}


def load() -> str:
    """Load the shop, the articles and the people who are not there yet. Returns what was done; raises NotLoaded."""
    done = load_file(SHOP_FILE)
    with attributed(actor="import", reason="demo"):
        articles = site_store().keep(_articles())
    waiting = bring_to_chroma(site_store())
    people = _make_people()
    return "\n".join([done, f"{articles} help articles and {people} people were added or changed.", *waiting])


def _articles() -> list[PutOp]:
    """The Markdown files: the first line is the title."""
    puts = []
    for file in sorted(HELP_FOLDER.glob("*.md")):
        title, _, body = file.read_text().partition("\n")
        puts.append(PutOp(namespaces.HELP, file.stem, {"title": title.lstrip("# "), "body": body.strip()}))
    return puts


def _make_people() -> int:
    known = set(User.objects.filter(email__in=SIGN_INS).values_list("email", flat=True))
    for email, shop_customer_id in CUSTOMERS.items():
        account = Account.objects.filter(shop_customer_id=shop_customer_id).first()
        if account and email not in known:  # an account that was erased is not made again
            make_user(account, email, PASSWORD)
    if STAFF[0] not in known:
        User.objects.create_superuser(STAFF[0], PASSWORD, name=STAFF[1])
    return len(SIGN_INS) - len(known)
