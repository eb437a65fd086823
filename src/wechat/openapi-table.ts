/** How one API of `cloud.openapi` is asked over HTTP. */
export interface OpenapiRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Parameters of a POST that belong behind the `?`, in WeChat's own spelling. Those of a GET all do. */
  readonly query: readonly string[]
  /** Parameters that are files: `{ contentType, value }`. */
  readonly media: readonly string[]
}

/** Group and method, then how it is asked: `POST /path ?parameter behind the path, +file`. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  analysis: {
    getDailyRetain: 'POST /datacube/getweanalysisappiddailyretaininfo',
    getDailySummary: 'POST /datacube/getweanalysisappiddailysummarytrend',
    getDailyVisitTrend: 'POST /datacube/getweanalysisappiddailyvisittrend',
    getMonthlyRetain: 'POST /datacube/getweanalysisappidmonthlyretaininfo',
    getMonthlyVisitTrend: 'POST /datacube/getweanalysisappidmonthlyvisittrend',
    getPerformanceData: 'POST /wxa/business/performance/boot',
    getUserPortrait: 'POST /datacube/getweanalysisappiduserportrait',
    getVisitDistribution: 'POST /datacube/getweanalysisappidvisitdistribution',
    getVisitPage: 'POST /datacube/getweanalysisappidvisitpage',
    getWeeklyRetain: 'POST /datacube/getweanalysisappidweeklyretaininfo',
    getWeeklyVisitTrend: 'POST /datacube/getweanalysisappidweeklyvisittrend',
  },
  auth: {
    checkEncryptedData: 'POST /wxa/business/checkencryptedmsg',
    getPaidUnionId: 'GET /wxa/getpaidunionid',
  },
  cloudbase: {
    addDelayedFunctionTask: 'POST /tcb/adddelayedfunctiontask',
    createSendSmsTask: 'POST /tcb/createsendsmstask',
    describeExtensionUploadInfo: 'POST /tcb/describeextensionuploadinfo',
    describeSmsRecords: 'POST /tcb/describesmsrecords',
    getOpenData: 'POST /wxa/getopendata ?openid',
    getStatistics: 'POST /tcb/getstatistics',
    getVoIPSign: 'POST /wxa/getvoipsign ?openid',
    sendSms: 'POST /tcb/sendsms',
    sendSmsV2: 'POST /tcb/sendsmsv2',
  },
  customerServiceMessage: {
    getTempMedia: 'GET /cgi-bin/media/get',
    send: 'POST /cgi-bin/message/custom/send',
    setTyping: 'POST /cgi-bin/message/custom/typing',
    uploadTempMedia: 'POST /cgi-bin/media/upload ?type +media',
  },
  img: {
    aiCrop: 'POST /cv/img/aicrop ?img_url ?ratios +img',
    scanQRCode: 'POST /cv/img/qrcode ?img_url +img',
    superresolution: 'POST /cv/img/superresolution ?img_url +img',
  },
  immediateDelivery: {
    abnormalConfirm: 'POST /cgi-bin/express/local/business/order/confirm_return',
    addOrder: 'POST /cgi-bin/express/local/business/order/add',
    addTip: 'POST /cgi-bin/express/local/business/order/addtips',
    cancelOrder: 'POST /cgi-bin/express/local/business/order/cancel',
    getAllImmeDelivery: 'POST /cgi-bin/express/local/business/delivery/getall',
    getBindAccount: 'POST /cgi-bin/express/local/business/shop/get',
    getOrder: 'POST /cgi-bin/express/local/business/order/get',
    mockUpdateOrder: 'POST /cgi-bin/express/local/business/test_update_order',
    openDelivery: 'POST /cgi-bin/express/local/business/open',
    preAddOrder: 'POST /cgi-bin/express/local/business/order/pre_add',
    preCancelOrder: 'POST /cgi-bin/express/local/business/order/precancel',
    realMockUpdateOrder: 'POST /cgi-bin/express/local/business/realmock_update_order',
    reOrder: 'POST /cgi-bin/express/local/business/order/readd',
    updateOrder: 'POST /cgi-bin/express/local/delivery/update_order',
  },
  logistics: {
    addOrder: 'POST /cgi-bin/express/business/order/add',
    bindAccount: 'POST /cgi-bin/express/business/account/bind',
    cancelOrder: 'POST /cgi-bin/express/business/order/cancel',
    getAllAccount: 'GET /cgi-bin/express/business/account/getall',
    getAllDelivery: 'GET /cgi-bin/express/business/delivery/getall',
    getContact: 'POST /cgi-bin/express/delivery/contact/get',
    getOrder: 'POST /cgi-bin/express/business/order/get',
    getPath: 'POST /cgi-bin/express/business/path/get',
    getPrinter: 'GET /cgi-bin/express/business/printer/getall',
    getQuota: 'POST /cgi-bin/express/business/quota/get',
    previewTemplate: 'POST /cgi-bin/express/delivery/template/preview',
    testUpdateOrder: 'POST /cgi-bin/express/business/test_update_order',
    updateBusiness: 'POST /cgi-bin/express/delivery/service/business/update',
    updatePath: 'POST /cgi-bin/express/delivery/path/update',
    updatePrinter: 'POST /cgi-bin/express/business/printer/update',
  },
  nearbyPoi: {
    add: 'POST /wxa/addnearbypoi',
    delete: 'POST /wxa/delnearbypoi',
    getList: 'GET /wxa/getnearbypoilist',
    setShowStatus: 'POST /wxa/setnearbypoishowstatus',
  },
  ocr: {
    bankcard: 'POST /cv/ocr/bankcard ?type ?img_url +img',
    businessLicense: 'POST /cv/ocr/bizlicense ?img_url +img',
    driverLicense: 'POST /cv/ocr/drivinglicense ?img_url +img',
    idcard: 'POST /cv/ocr/idcard ?type ?img_url +img',
    printedText: 'POST /cv/ocr/comm ?img_url +img',
    vehicleLicense: 'POST /cv/ocr/driving ?type ?img_url +img',
  },
  operation: {
    getDomainInfo: 'POST /wxa/getwxadevinfo',
    getGrayReleasePlan: 'GET /wxa/getgrayreleaseplan',
    getJsErrDetail: 'POST /wxaapi/log/jserr_detail',
    getJsErrList: 'POST /wxaapi/log/jserr_list',
    getPerformance: 'POST /wxaapi/log/get_performance',
    getSceneList: 'GET /wxaapi/log/get_scene',
    getVersionList: 'GET /wxaapi/log/get_client_version',
    realtimelogSearch: 'GET /wxaapi/userlog/userlog_search',
  },
  phonenumber: {
    getPhoneNumber: 'POST /wxa/business/getuserphonenumber',
  },
  pluginManager: {
    applyPlugin: 'POST /wxa/plugin',
    getPluginDevApplyList: 'POST /wxa/devplugin',
    getPluginList: 'POST /wxa/plugin',
    setDevPluginApplyStatus: 'POST /wxa/devplugin',
    unbindPlugin: 'POST /wxa/plugin',
  },
  riskControl: {
    getUserRiskRank: 'POST /wxa/getuserriskrank',
  },
  search: {
    submitPages: 'POST /wxa/search/wxaapi_submitpages',
  },
  security: {
    imgSecCheck: 'POST /wxa/img_sec_check +media',
    mediaCheckAsync: 'POST /wxa/media_check_async',
    msgSecCheck: 'POST /wxa/msg_sec_check',
  },
  serviceMarket: {
    invokeService: 'POST /wxa/servicemarket',
  },
  shortlink: {
    generate: 'POST /wxa/genwxashortlink',
  },
  soter: {
    verifySignature: 'POST /cgi-bin/soter/verify_signature',
  },
  subscribeMessage: {
    addTemplate: 'POST /wxaapi/newtmpl/addtemplate',
    deleteTemplate: 'POST /wxaapi/newtmpl/deltemplate',
    getCategory: 'GET /wxaapi/newtmpl/getcategory',
    getPubTemplateKeyWordsById: 'GET /wxaapi/newtmpl/getpubtemplatekeywords',
    getPubTemplateTitleList: 'GET /wxaapi/newtmpl/getpubtemplatetitles',
    getTemplateList: 'GET /wxaapi/newtmpl/gettemplate',
    send: 'POST /cgi-bin/message/subscribe/send',
  },
  templateMessage: {
    addTemplate: 'POST /cgi-bin/wxopen/template/add',
    deleteTemplate: 'POST /cgi-bin/wxopen/template/del',
    getTemplateLibraryById: 'POST /cgi-bin/wxopen/template/library/get',
    getTemplateLibraryList: 'POST /cgi-bin/wxopen/template/library/list',
    getTemplateList: 'POST /cgi-bin/wxopen/template/list',
    send: 'POST /cgi-bin/message/wxopen/template/send',
  },
  uniformMessage: {
    send: 'POST /cgi-bin/message/wxopen/template/uniform_send',
  },
  updatableMessage: {
    createActivityId: 'GET /cgi-bin/message/wxopen/activityid/create',
    setUpdatableMsg: 'POST /cgi-bin/message/wxopen/updatablemsg/send',
  },
  urllink: {
    generate: 'POST /wxa/generate_urllink',
    query: 'POST /wxa/query_urllink',
  },
  urlscheme: {
    generate: 'POST /wxa/generatescheme',
    query: 'POST /wxa/queryscheme',
  },
  wxacode: {
    createQRCode: 'POST /cgi-bin/wxaapp/createwxaqrcode',
    get: 'POST /wxa/getwxacode',
    getUnlimited: 'POST /wxa/getwxacodeunlimit',
  },
}

/** The APIs by name, such as `security.msgSecCheck`. */
const ROUTES: ReadonlyMap<string, OpenapiRoute> = new Map(
  Object.entries(TABLE).flatMap(([group, methods]) =>
    Object.entries(methods).map(([method, text]) => [`${group}.${method}`, readRoute(text)] as const),
  ),
)

export function findRoute(api: string): OpenapiRoute | undefined {
  return ROUTES.get(api)
}

/** Every name there is a route for, in order. */
export function listRoutes(): string[] {
  return [...ROUTES.keys()]
}

function readRoute(text: string): OpenapiRoute {
  const [method, path = '', ...rest] = text.split(' ')
  const marked = (mark: string): string[] =>
    rest.filter(word => word.startsWith(mark)).map(word => word.slice(1))
  return { method: method as 'GET' | 'POST', path, query: marked('?'), media: marked('+') }
}
