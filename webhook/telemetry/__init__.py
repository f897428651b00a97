"""What the process tells about itself: metrics, and one JSON line an event."""
