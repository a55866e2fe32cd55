"""The storage of static files: hashed names, so that browsers can cache them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites `import` in JavaScript modules, which Django does not by default."""

    support_js_module_import_aggregation = True
