"""The register of processing purposes."""
