"""What `make` runs beside the program itself: demonstrations and generated documents."""
