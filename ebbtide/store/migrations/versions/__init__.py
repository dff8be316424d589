"""The steps, each made on top of the one before; a step that was released is never changed."""
