"""Claims: predictions about readings, written before the run, and how they are judged.

A claim is a sentence and a rule with thresholds; `judge` turns claims and evidence into
verdicts. The unit is always one independently trained agent, at the last checkpoint.
"""

from goalscope.claims.base import AbstractClaim as AbstractClaim
from goalscope.claims.composite import Composite as Composite
from goalscope.claims.curves import Monotone as Monotone
from goalscope.claims.curves import SameDirection as SameDirection
from goalscope.claims.curves import Switch as Switch
from goalscope.claims.interaction import (
    DifferenceOfDifferences as DifferenceOfDifferences,
)
from goalscope.claims.judging import judge as judge
from goalscope.claims.means import Above as Above
from goalscope.claims.means import Below as Below
from goalscope.claims.means import Difference as Difference
from goalscope.claims.means import Majority as Majority
