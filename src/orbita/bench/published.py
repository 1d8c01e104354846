"""What others reach on the same bases."""

# F1 of pairs / of groups, each with the threshold that suits it best.
# Measured apart on a machine with four cores: splink 5.0, recordlinkage 0.16, dedupe 3.0.
OTHERS: dict[str, dict[str, str]] = {
    "febrl3": {"splink": ".997 / .999", "recordlinkage": ".999 / .998", "dedupe": ".955"},
    "febrl4": {"splink": ".9996 / .9993", "recordlinkage": ".9997 / .999"},
    "fake_1000": {"splink": ".836 / .920", "recordlinkage": ".841 / .878", "dedupe": ".847"},
    "Russian 10,000": {"splink": ".871 / .882", "recordlinkage": ".813 / .943"},
    "Russian 100,000": {"splink": ".875 / .878", "recordlinkage": ".824 / .935"},
}
