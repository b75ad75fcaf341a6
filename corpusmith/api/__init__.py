"""The public functions, a module a family; `import corpusmith` exports them all."""
