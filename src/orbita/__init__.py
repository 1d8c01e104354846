"""Orbita: a self-hosted CRM for businesses that live off returning clients."""

__version__ = "0.1.0"
