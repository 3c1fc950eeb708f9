"""The tabs of the dashboard, in the order of their number keys."""

from app.tui.page import Page
from app.tui.pages.audit import AuditPage
from app.tui.pages.box import BoxPage
from app.tui.pages.chat import ChatPage
from app.tui.pages.overview import OverviewPage
from app.tui.pages.policy import PolicyPage
from app.tui.pages.queues import QueuesPage
from app.tui.pages.schedules import SchedulesPage
from app.tui.pages.settings import SettingsPage

PAGES: tuple[type[Page], ...] = (
    OverviewPage,
    SchedulesPage,
    QueuesPage,
    AuditPage,
    ChatPage,
    PolicyPage,
    BoxPage,
    SettingsPage,
)
