"""What these tests share lies beside them and can be imported, by workers too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
