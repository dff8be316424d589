"""Reports as one HTML file each, that can be mailed, printed and read without a network."""
