"""`python -m nodeobs`."""

from nodeobs.cli.main import main

if __name__ == "__main__":
    main()
