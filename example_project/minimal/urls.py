"""The URLs of the minimal project."""

from rest_framework.routers import SimpleRouter

from example_project.minimal.views import BookViewSet

router = SimpleRouter()
router.register("books", BookViewSet)
urlpatterns = router.urls
