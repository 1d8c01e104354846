pytest_plugins = ["orbita.devtools.fixtures"]
