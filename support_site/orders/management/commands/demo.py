from typing import Any

from django.core.management.base import BaseCommand, CommandError

from support_site.orders import demo
from support_site.orders.loading import NotLoaded


class Command(BaseCommand):
    help = "Loads the demo shop with its customers, help articles and staff. Running it again changes nothing."

    def handle(self, **options: Any) -> None:
        try:
            self.stdout.write(demo.load())
        except NotLoaded as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Sign in as one of these, password {demo.PASSWORD}:")
        for email, who in demo.SIGN_INS.items():
            self.stdout.write(f"  {email:<20} {who}")
