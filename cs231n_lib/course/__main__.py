"""``cs231n``, also ``python -m cs231n_lib.course``: the door, which stands without ``[cli]``."""

import sys

from cs231n_lib._extras import MissingExtraError, extra


def main() -> None:
    """Run the command line, or say in a sentence what it needs and how to install that."""
    try:
        with extra("cli", "the command cs231n"):
            from cs231n_lib.course import cli
        cli.main()
    except MissingExtraError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:  # while it loads, too
        sys.exit(130)


if __name__ == "__main__":
    main()
