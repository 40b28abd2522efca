from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from support_site.orders.sign_ins import NoSignIn, give_sign_in


class Command(BaseCommand):
    help = "Gives imported customers a sign-in and prints the page where each sets a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", nargs="+", help="the e-mail address the shop has of the customer")
        parser.add_argument("--site", default="", help="the site's address, http://localhost:8000 by default")

    def handle(self, *, email: list[str], site: str, **options: Any) -> None:
        try:
            for address in email:
                self.stdout.write(f"{address}: {give_sign_in(address, site=site)}")
        except NoSignIn as error:
            raise CommandError(str(error)) from None
