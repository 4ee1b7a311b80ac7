"""What worlds and agents must satisfy: for our tests, and for those of plug-ins."""

from goalscope.testing.agents import check_agent as check_agent
from goalscope.testing.worlds import check_world as check_world
