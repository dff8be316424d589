"""What customers may ask for: to be forgotten, to see what is kept, and not to be scored."""
