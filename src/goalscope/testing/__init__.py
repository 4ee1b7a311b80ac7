"""What worlds, agents and instruments must satisfy, for our tests and those of plug-ins."""

from goalscope.testing.agents import check_agent as check_agent
from goalscope.testing.instruments import check_instrument as check_instrument
from goalscope.testing.worlds import check_world as check_world
