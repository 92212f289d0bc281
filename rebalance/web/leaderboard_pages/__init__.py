"""The pages of the leaderboard: public boards, the pages of teams, and those of organisers."""

from __future__ import annotations

from rebalance.web.leaderboard_pages._page_routes import add_pages

__all__ = ["add_pages"]
