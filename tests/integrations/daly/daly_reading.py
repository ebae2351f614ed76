"""A reader of one simulated board, without a line between: what it believes of each answer."""

from gridward_daly.protocol import A5, LIVE, Layout
from gridward_daly.simulator import DalyBoard
from gridward_kit.entity import readings
from gridward_kit.point import Value

ORDER = tuple(query.name for query in LIVE)

Story = dict[str, Value]


class Reading:
    """A reader of one board: what it believes of each answer."""

    def __init__(self, board: DalyBoard) -> None:
        self.board = board
        self.language = A5(Layout(board.cells, board.sensors, first=1))
        self.believed: Story = {}

    def answer(self, query: str) -> bytes:
        return b"".join(self.board.receive(self.language.request(query), 0.0))

    def take(self, query: str, answer: bytes) -> Story:
        """Believed values of this answer; raises BadFrame, NoAnswer."""
        cut = self.language.cut(self.language.request(query), answer, quiet=True)
        assert cut is not None
        values = readings(self.language.entities, query, self.language.payload(query, cut[0])).values
        doubted = self.language.doubt(values, self.believed)
        assert doubted <= values.keys()
        taken = {key: value for key, value in values.items() if key not in doubted}
        self.believed = {key: value for key, value in self.believed.items() if key not in doubted} | taken
        return taken

    def poll(self) -> Story:
        return {key: value for query in ORDER for key, value in self.take(query, self.answer(query)).items()}

    def heard(self) -> Story:
        """What is believed when everything has been said twice."""
        self.poll()
        return self.poll()
