"""Speed of the attribution marts, and how near each model comes to the simulator's truth."""
