"""The inventory: thngs, and the collections that they are in."""
