"""Account, the tenant, and User, a person who signs in."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models


class Account(models.Model):
    """A customer of the shop: the tenant that conversations, memories and orders belong to.

    An account may have several users (a couple, a small company). ``shop_customer_id`` is the customer's
    id in the shop's own system, where the account came from an import.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True)
    shop_customer_id = models.CharField(max_length=200, unique=True, null=True, blank=True)
    #: Nobody's: kept by the site to prove that accounts cannot see one another. Staff lists and counts leave it out.
    is_synthetic = models.BooleanField(default=False, editable=False)
    #: The customer paused memory: nothing is learned or recalled.
    memory_paused = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name or str(self.pk)


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A saved user. A user who is not staff gets an account of their own unless one is given."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        if not fields.get("is_staff") and fields.get("account") is None:
            fields["account"] = Account.objects.create(name=fields.get("name", ""))
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(AbstractUser):
    """A person who signs in with an e-mail address. Staff need no account."""

    username = None  # type: ignore[assignment]  # Django's documented way to drop the field
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=200, blank=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="users", null=True, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return (self.name or self.email).split()[0]
