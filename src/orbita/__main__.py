from orbita.cli import main

raise SystemExit(main())
