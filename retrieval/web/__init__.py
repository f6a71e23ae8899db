"""Web pages and feeds: what may be fetched, fetching it, and what becomes of it."""
