"""What a token's role may do. Pure."""

from enum import IntEnum

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = "/logout"
CHANNEL = "/_nicegui"  # the page's own connection; its presses are judged one by one
TOKENS = "/api/v1/tokens"


class Role(IntEnum):
    """Viewers read, operators command, admins also change expert settings and tokens."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As the command line, the API and the token file spell it."""
        return self.name.lower()


WORDS = {role.word: role for role in Role}


def needed(method: str, path: str) -> Role:
    """The least role for a request; what is not named here and could change something is an operator's."""
    if path == TOKENS or path.startswith(f"{TOKENS}/"):
        return Role.ADMIN
    if method in SAFE or path == OWN or path.startswith(CHANNEL):
        return Role.VIEWER
    return Role.OPERATOR


def lacking(role: Role, wanted: Role) -> str:
    """Why a role is not enough, in words."""
    may = {Role.VIEWER: "look", Role.OPERATOR: "command"}.get(role, "do all")
    return f"this token is for the role {role.word} and may {may}; this needs {wanted.word}"
