"""Static files with hashed names, so that they can be cached for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites `import` in ES modules too, which Django leaves alone by default."""

    support_js_module_import_aggregation = True
