"""What happens in a fit: parameters are checked, the steps follow each other, files are written."""
