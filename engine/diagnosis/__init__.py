"""What ails a run, told from its numbers: rules in plain sentences, with evidence and a remedy that is a setting."""
