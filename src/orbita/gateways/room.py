"""The gateways room."""
