"""``cs231n``, also ``python -m cs231n_lib.course``: the door, which stands without ``[cli]``."""

import sys

from cs231n_lib._extras import MissingExtraError, extra


def main() -> None:
    """Run the command line, or say in a sentence what it needs and how to install that."""
    without_a_grammar()
    try:
        with extra("cli", "the command cs231n"):
            from cs231n_lib.course import cli
        cli.main()
    except MissingExtraError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:  # while it loads, too
        sys.exit(130)


def without_a_grammar() -> None:
    """Let what reads notebooks be imported in two thirds of the time.

    Where jsonschema finds `rfc3987_syntax`, it has a grammar compiled at each start, for addresses
    in letters of all alphabets, which no notebook's schema asks for; where not, it goes without.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
