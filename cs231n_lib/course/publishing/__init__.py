"""The book as it is read: built, printed, served live; and its notebooks, run and compared."""
