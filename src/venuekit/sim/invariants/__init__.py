"""What must always be so in a world, room by room."""
