"""The shop: what its records look like, which changes its rules allow, and how an order is found."""
