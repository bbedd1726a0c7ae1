# A node in a container. The data directory is a volume; its secret key is in there as well.
#   docker build -t skychat-node .
#   docker run -v skychat:/data -p 8870:8870 skychat-node --peers PK@10.0.0.2:8870
FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# `prepare` builds, and the sources are not there yet.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build-program.ts tools/build-web.ts ./tools/
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
    SKYCHAT_DATA=/data \
    SKYCHAT_LOG_FORMAT=json
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY LICENSE ./
RUN ln -s /app/dist/cli.js /usr/local/bin/skychat-node && chmod +x dist/cli.js \
    && install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
# Peers dial 8870. The control surface stays on the container's loopback address, where `docker exec`
# reaches it; to publish it, give --http 0.0.0.0:8001 and the --http-token-file that it then needs.
EXPOSE 8870
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["skychat-node", "status", "--json"]
STOPSIGNAL SIGTERM
# The node is the first process and takes the signals itself; it starts none that could be left behind.
ENTRYPOINT ["skychat-node"]
