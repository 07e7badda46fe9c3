"""The smallest project: one model and the settings of the README."""
