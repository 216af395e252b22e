# The worker, the API, and the migrations that their database needs.
FROM python:3.13.18-slim-bookworm

RUN useradd --system --uid 10001 --create-home touchline
WORKDIR /app
COPY local/uv.txt local/
RUN pip install --no-cache-dir --require-hashes -r local/uv.txt

# Dependencies first: they change less often than the code. The local stack's servers stay out.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-cache
COPY . .
# A new named volume takes over the owner of the folder that it is mounted on.
RUN mkdir -p var/outbox && chown touchline var/outbox

# Zone files from the locked tzdata wheel: the system's may be a year old, and wrong.
ENV PATH="/app/.venv/bin:$PATH" PYTHONTZPATH="" PYTHONSAFEPATH=1 PYTHONPATH=/app PYTHONUNBUFFERED=1
USER touchline
CMD ["python", "worker.py"]
