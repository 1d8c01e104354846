.PHONY: demo serve test check bench

demo serve test check bench:
	./orbita $@
