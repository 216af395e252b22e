"""`python -m starter.cli`, as the front door calls it."""

from starter.cli.app import main

if __name__ == "__main__":
    main()
