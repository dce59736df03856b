"""The read service: explained campaign recommendations over the published release."""
