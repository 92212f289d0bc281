"""``python -m rebalance`` is the command line."""

from rebalance.cli import main

if __name__ == "__main__":
    main()
