"""Messages in templates."""

from django import template

from support_site.chat.rendering import in_words

register = template.Library()
register.filter("in_words", in_words)
