"""What authors of connectors and strategies test with."""
