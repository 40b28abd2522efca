"""The support agent as a library: graph, tools, rules, models and store. Knows nothing of Django."""
