"""`python -m corpusmith` is the command line."""

from corpusmith.cli.main import main

if __name__ == "__main__":
    main()
