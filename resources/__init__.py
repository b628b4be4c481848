"""Files that travel with the program: icons, tables, texts. Found through `Path(resources.__file__).parent`."""
