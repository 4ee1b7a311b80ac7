"""The child process that draws charts: specifications in, one SVG a line out.

It is run as a file and imports nothing of goalscope. The renderer aborts its process on
some characters, hence the process of its own; each answer is flushed before the next
chart is begun, so that the parent knows which chart it died of.
"""

import json
import sys


def main() -> None:
    """Draw every chart of a JSON array on standard input."""
    import vl_convert

    for chart in json.load(sys.stdin):
        try:
            svg = vl_convert.vegalite_to_svg(chart, allowed_base_urls=[])
        except ValueError:
            svg = None
        sys.stdout.write(json.dumps(svg) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
